//! The dialect handed to sqlparser: the generic grammar, widened to what Dremio writes.

use std::any::TypeId;

use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::keywords::{self, Keyword};
use sqlparser::parser::Parser;

/// Dremio's SQL for sqlparser: answers as [`GenericDialect`] where the parser asks for one by type.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DremioDialect;

macro_rules! yes {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { true })* };
}

macro_rules! no {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { false })* };
}

impl Dialect for DremioDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"' || ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_' || ch == '#' || ch == '@' || ch == '$'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '@' || ch == '$' || ch == '#' || ch == '_'
    }

    fn is_table_alias(&self, kw: &Keyword, _parser: &mut Parser) -> bool {
        // The generic list keeps these for grammars Dremio does not have.
        matches!(
            kw,
            Keyword::OPEN
                | Keyword::SETTINGS
                | Keyword::FORMAT
                | Keyword::GLOBAL
                | Keyword::START
                | Keyword::SAMPLE
                | Keyword::OUTPUT
                | Keyword::VIEW
                | Keyword::TOP
                | Keyword::SORT
                | Keyword::ANALYZE
                | Keyword::EXPLAIN
        ) || !keywords::RESERVED_FOR_TABLE_ALIAS.contains(kw)
    }

    yes! {
        supports_unicode_string_literal,
        supports_literal_prefix_in_qualified_name,
        supports_filter_during_aggregation,
        supports_within_after_array_aggregation,
        supports_partition_by_after_order_by,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_left_associative_joins_without_parens,
        supports_cross_join_constraint,
        supports_comma_join_constraint,
        supports_connect_by,
        supports_match_recognize,
        supports_in_empty_list,
        supports_in_table_expression,
        supports_named_fn_args_with_assignment_operator,
        supports_named_fn_args_with_rarrow_operator,
        supports_numeric_literal_underscores,
        supports_window_function_null_treatment_arg,
        supports_window_clause_named_window_reference,
        supports_dictionary_syntax,
        support_map_literal_syntax,
        supports_lambda_functions,
        supports_parenthesized_set_variables,
        supports_comma_separated_set_assignments,
        supports_select_wildcard_except,
        supports_select_wildcard_exclude,
        supports_select_wildcard_replace,
        supports_select_wildcard_rename,
        supports_select_wildcard_ilike,
        supports_select_expr_star,
        supports_trailing_commas,
        supports_projection_trailing_commas,
        supports_from_trailing_commas,
        supports_limit_comma,
        supports_string_literal_concatenation_with_newline,
        supports_struct_literal,
        supports_empty_projections,
        supports_match_against,
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_extract_comma_syntax,
        supports_subquery_as_function_arg,
        supports_create_view_comment_syntax,
        supports_array_typedef_without_element_type,
        supports_array_typedef_with_brackets,
        supports_parens_around_table_factor,
        supports_values_as_table_factor,
        supports_dollar_placeholder,
        supports_create_index_with_clause,
        supports_sql_option_without_value,
        supports_explain_with_utility_options,
        supports_bitwise_shift_operators,
        supports_nested_comments,
        supports_try_convert,
        supports_listen_notify,
        supports_boolean_literals,
        supports_comment_on,
        supports_table_sample_before_alias,
        supports_insert_set,
        supports_singular_value_keyword,
        supports_tilde_like_match_operator,
        supports_order_by_all,
        supports_aggregate_order_by_with_empty_args,
        supports_comparison_in_between_low_bound,
        supports_update_order_by,
        supports_comma_separated_trim,
        supports_is_operator,
        supports_data_type_signed_suffix,
        supports_interval_options,
        supports_create_table_select,
        supports_asc_desc_in_column_definition,
        supports_optimize_table,
    }

    no! {
        supports_user_host_grantee,
        supports_settings,
        supports_prewhere,
        supports_array_join_syntax,
        supports_comment_optimizer_hint,
        supports_multiline_comment_hints,
        supports_copy_from_stdin_data,
        supports_select_format,
        supports_pipe_operator,
        supports_quote_delimited_string,
    }
}

/// Whose SQL a text is, where that changes how it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Dremio's, and anything near the standard.
    #[default]
    Dremio,
    /// The standard's, for tools that do not say more.
    Ansi,
    /// The SQL of `BigQuery`.
    BigQuery,
    /// ClickHouse's.
    ClickHouse,
    /// Databricks' and Spark's.
    Databricks,
    /// The SQL of `DuckDB`.
    DuckDb,
    /// Hive's.
    Hive,
    /// Microsoft's.
    MsSql,
    /// The SQL of `MySQL`.
    MySql,
    /// Oracle's.
    Oracle,
    /// The SQL of `PostgreSQL`.
    Postgres,
    /// Redshift's.
    Redshift,
    /// Snowflake's.
    Snowflake,
    /// The SQL of `SQLite`.
    Sqlite,
    /// Teradata's.
    Teradata,
}

impl Flavour {
    /// The flavour of this name, in any case; unknown names read as the standard.
    pub fn from_name(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "dremio" | "calcite" | "" => Self::Dremio,
            "bigquery" => Self::BigQuery,
            "clickhouse" => Self::ClickHouse,
            "databricks" | "spark" | "sparksql" | "spark2" => Self::Databricks,
            "duckdb" => Self::DuckDb,
            "hive" => Self::Hive,
            "tsql" | "mssql" | "sqlserver" | "fabric" | "synapse" => Self::MsSql,
            "mysql" | "mariadb" | "doris" | "starrocks" => Self::MySql,
            "oracle" => Self::Oracle,
            "postgres" | "postgresql" | "greenplum" => Self::Postgres,
            "redshift" => Self::Redshift,
            "snowflake" => Self::Snowflake,
            "sqlite" => Self::Sqlite,
            "teradata" => Self::Teradata,
            _ => Self::Ansi,
        }
    }

    /// The dialect that tokenizes and parses it.
    pub(super) fn dialect(self) -> &'static dyn Dialect {
        use sqlparser::dialect as d;
        static BIGQUERY: d::BigQueryDialect = d::BigQueryDialect;
        static CLICKHOUSE: d::ClickHouseDialect = d::ClickHouseDialect {};
        static DATABRICKS: d::DatabricksDialect = d::DatabricksDialect {};
        static DUCKDB: d::DuckDbDialect = d::DuckDbDialect {};
        static HIVE: d::HiveDialect = d::HiveDialect {};
        static MSSQL: d::MsSqlDialect = d::MsSqlDialect {};
        static MYSQL: d::MySqlDialect = d::MySqlDialect {};
        static REDSHIFT: d::RedshiftSqlDialect = d::RedshiftSqlDialect {};
        static SQLITE: d::SQLiteDialect = d::SQLiteDialect {};
        match self {
            Self::BigQuery => &BIGQUERY,
            Self::ClickHouse => &CLICKHOUSE,
            Self::Databricks => &DATABRICKS,
            Self::DuckDb => &DUCKDB,
            Self::Hive => &HIVE,
            Self::MsSql => &MSSQL,
            Self::MySql => &MYSQL,
            Self::Redshift => &REDSHIFT,
            Self::Sqlite => &SQLITE,
            // Near enough to the generic grammar, which takes more.
            Self::Dremio
            | Self::Ansi
            | Self::Oracle
            | Self::Postgres
            | Self::Snowflake
            | Self::Teradata => &DremioDialect,
        }
    }

    /// Whether `//` starts a comment (contract §7.1).
    pub(super) fn slash_comments(self) -> bool {
        matches!(self, Self::Dremio | Self::Snowflake)
    }

    /// Whether a path may stand in one pair of backticks.
    pub(super) fn splits_backticks(self) -> bool {
        self == Self::BigQuery
    }

    /// Whether a CTE may read itself without RECURSIVE.
    pub(super) fn recursive_without_keyword(self) -> bool {
        matches!(self, Self::MsSql | Self::Oracle | Self::Teradata)
    }

    /// Whether a cast without alias is called as what it casts.
    pub(super) fn names_casts(self) -> bool {
        self != Self::Dremio
    }

    /// Whether an expression without alias is called as it is written; Dremio says `EXPR$0`.
    pub(super) fn names_expressions_by_text(self) -> bool {
        self != Self::Dremio
    }

    /// Whether a select list's alias, used again in the list, is the likelier meaning of a name
    /// that a table with unknown columns could have too.
    pub(super) fn prefers_lateral_aliases(self) -> bool {
        matches!(
            self,
            Self::Snowflake
                | Self::Redshift
                | Self::Databricks
                | Self::DuckDb
                | Self::ClickHouse
                | Self::Teradata
        )
    }

    /// Whether subqueries in FROM may use columns of the items before them.
    pub(super) fn derived_tables_see_siblings(self) -> bool {
        matches!(self, Self::MsSql | Self::BigQuery)
    }
}
