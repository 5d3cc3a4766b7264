SELECT
  customer_id,
  country,
  revenue_eur,
  CAST(r AS VARCHAR) || CAST(f AS VARCHAR) || CAST(m AS VARCHAR) AS rfm,
  CASE WHEN r >= 4 AND f >= 4 THEN 'champions' WHEN r <= 2 AND m >= 4 THEN 'at risk' ELSE 'others' END AS segment
FROM {{ ref('int_customer_scores') }}
