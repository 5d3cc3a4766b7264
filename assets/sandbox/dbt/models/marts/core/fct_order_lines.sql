SELECT
  l.order_id,
  l.line_no,
  l.order_date,
  l.customer_id,
  l.product_id,
  p.department,
  l.category,
  l.channel,
  l.quantity,
  l.net_amount_eur,
  CAST(l.net_amount_eur - l.cost_eur AS DECIMAL(12,2)) AS margin_eur,
  CAST(100 * l.net_amount_eur / NULLIF(SUM(l.net_amount_eur) OVER (PARTITION BY l.order_id), 0) AS DECIMAL(5,2)) AS share_of_order_pct
FROM {{ ref('int_order_lines') }} l
JOIN {{ ref('dim_products') }} p ON p.product_id = l.product_id
WHERE l.is_lost = FALSE
