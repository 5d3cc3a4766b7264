SELECT
  e.order_id,
  e.customer_id,
  e.store_id,
  e.order_date,
  DATE_TRUNC('month', e.order_date) AS order_month,
  e.order_status,
  e.channel,
  e.campaign_code,
  e.units,
  e.net_amount_eur,
  e.discount_eur,
  CAST(e.net_amount_eur - e.cost_eur AS DECIMAL(14,2)) AS margin_eur,
  e.refunded_amount,
  e.paid_with,
  ROW_NUMBER() OVER (PARTITION BY e.customer_id ORDER BY e.order_date, e.order_id) AS customer_order_no,
  DATEDIFF(e.order_date, LAG(e.order_date) OVER (PARTITION BY e.customer_id ORDER BY e.order_date, e.order_id)) AS days_since_previous,
  t.season
FROM {{ ref('int_orders_enriched') }} e
LEFT JOIN {{ source('lake_shop_raw_reference', 'trading_seasons') }} t ON e.order_date BETWEEN t.starts_on AND t.ends_on
WHERE NOT e.is_lost
