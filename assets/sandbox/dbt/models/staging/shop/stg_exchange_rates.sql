SELECT
  currency,
  DATE_TRUNC('month', rate_date) AS valid_from,
  CASE currency WHEN 'EUR' THEN 1.0 ELSE ROUND(rate, 4) END AS units_per_eur,
  COALESCE(
    LEAD(DATE_TRUNC('month', rate_date)) OVER (PARTITION BY currency ORDER BY rate_date),
    DATE '9999-12-31'
  ) AS valid_to
FROM {{ source('lake_shop_raw_reference', 'exchange_rates') }}
QUALIFY ROW_NUMBER() OVER (PARTITION BY currency, DATE_TRUNC('month', rate_date) ORDER BY rate_date DESC) = 1
