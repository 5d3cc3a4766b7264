//! What a call does, by its name: aggregates, rankings, functions that take a bare date part.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr};

/// Whether a function (in lower case) aggregates.
pub(super) fn is_aggregate(name: &str) -> bool {
    AGGREGATES.binary_search(&name).is_ok()
        || name.starts_with("regr_")
        || name.starts_with("approx_count")
        || name.starts_with("hll")
}

/// Window functions whose arguments are no values of columns.
pub(super) fn is_ranking(name: &str) -> bool {
    matches!(name, "row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile")
}

/// Sorted.
const AGGREGATES: &[&str] = &[
    "any_value",
    "approx_distinct",
    "approx_median",
    "approx_percentile",
    "approx_quantiles",
    "approx_top_count",
    "arg_max",
    "arg_min",
    "array_agg",
    "array_concat_agg",
    "avg",
    "bit_and",
    "bit_and_agg",
    "bit_or",
    "bit_or_agg",
    "bit_xor",
    "bit_xor_agg",
    "bool_and",
    "bool_or",
    "checksum_agg",
    "collect_list",
    "collect_set",
    "corr",
    "count",
    "count_big",
    "count_if",
    "countif",
    "covar_pop",
    "covar_samp",
    "every",
    "first",
    "geometric_mean",
    "group_concat",
    "group_id",
    "grouping",
    "grouping_concat",
    "grouping_id",
    "histogram",
    "json_agg",
    "json_arrayagg",
    "json_object_agg",
    "json_objectagg",
    "jsonb_agg",
    "jsonb_object_agg",
    "kurtosis",
    "last",
    "listagg",
    "local_listagg",
    "logical_and",
    "logical_or",
    "map_agg",
    "max",
    "max_by",
    "mean",
    "median",
    "min",
    "min_by",
    "mode",
    "ndv",
    "object_agg",
    "percentile",
    "percentile_approx",
    "percentile_cont",
    "percentile_disc",
    "skewness",
    "some",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "stdev",
    "stdevp",
    "string_agg",
    "sum",
    "sum_if",
    "sumif",
    "tdigest",
    "uniq",
    "var",
    "var_pop",
    "var_samp",
    "variance",
    "variance_pop",
    "varp",
    "wm_concat",
    "xmlagg",
];

/// Functions that take a bare date part, first or last: `TIMESTAMPADD(DAY, 1, d)`.
pub(super) fn takes_date_part(name: &str) -> bool {
    matches!(
        name,
        "timestampadd"
            | "timestampdiff"
            | "timestamp_diff"
            | "timestamp_trunc"
            | "dateadd"
            | "datediff"
            | "date_add"
            | "date_sub"
            | "date_diff"
            | "date_part"
            | "datepart"
            | "datename"
            | "date_trunc"
            | "datetrunc"
            | "datetime_diff"
            | "datetime_trunc"
            | "datetime_add"
            | "datetime_sub"
            | "time_diff"
            | "time_trunc"
            | "timeadd"
            | "timediff"
            | "datediff_big"
            | "last_day"
            | "trunc"
            | "generate_date_array"
    )
}

/// Whether an argument is a date part; `whole` asks for a whole word, as short ones may be columns.
pub(super) fn is_date_part(argument: &FunctionArg, whole: bool) -> bool {
    const WORDS: &[&str] = &[
        "year",
        "years",
        "quarter",
        "month",
        "months",
        "day",
        "days",
        "week",
        "weeks",
        "isoweek",
        "isoyear",
        "dayofyear",
        "dayofweek",
        "weekday",
        "hour",
        "hours",
        "minute",
        "minutes",
        "second",
        "seconds",
        "millisecond",
        "milliseconds",
        "microsecond",
        "microseconds",
        "nanosecond",
        "epoch",
        "century",
        "decade",
        "sql_tsi_day",
        "sql_tsi_frac_second",
        "sql_tsi_hour",
        "sql_tsi_minute",
        "sql_tsi_month",
        "sql_tsi_quarter",
        "sql_tsi_second",
        "sql_tsi_week",
        "sql_tsi_year",
    ];
    const SHORT: &[&str] = &[
        "yy", "yyyy", "qq", "q", "mm", "mon", "m", "dd", "d", "ww", "wk", "w", "doy", "dow", "dw",
        "hh", "h", "mi", "n", "ss", "s", "ms", "mcs", "ns", "y",
    ];
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident))) = argument else {
        return false;
    };
    let within = |list: &[&str]| list.iter().any(|part| ident.value.eq_ignore_ascii_case(part));
    ident.quote_style.is_none() && (within(WORDS) || (!whole && within(SHORT)))
}
