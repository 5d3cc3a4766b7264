{{ config(materialized='ephemeral') }}
SELECT
  customer_id,
  country,
  revenue_eur,
  NTILE(5) OVER (ORDER BY recency_days DESC) AS r,
  NTILE(5) OVER (ORDER BY order_count) AS f,
  NTILE(5) OVER (ORDER BY revenue_eur) AS m
FROM {{ ref('customer_lifetime') }}
WHERE order_count > 0
