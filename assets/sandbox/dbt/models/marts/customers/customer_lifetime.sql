WITH orders AS (
  SELECT
    customer_id,
    MIN(order_date) AS first_order_date,
    MAX(order_date) AS last_order_date,
    COUNT(*) AS order_count,
    SUM(net_amount_eur) AS revenue_eur,
    SUM(margin_eur) AS margin_eur,
    AVG(days_since_previous) AS avg_days_between
  FROM {{ ref('fct_orders') }}
  GROUP BY customer_id
)
SELECT
  d.customer_id,
  d.country,
  d.loyalty_tier,
  o.first_order_date,
  o.last_order_date,
  o.order_count,
  o.revenue_eur,
  o.margin_eur,
  CAST(o.revenue_eur / o.order_count AS DECIMAL(12,2)) AS avg_order_eur,
  ROUND(o.avg_days_between, 1) AS avg_days_between,
  DATEDIFF(DATE '2026-06-30', o.last_order_date) AS recency_days
FROM {{ ref('dim_customers') }} d
JOIN orders o ON o.customer_id = d.customer_id
