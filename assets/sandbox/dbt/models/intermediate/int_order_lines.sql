SELECT
  o.order_id,
  i.line_no,
  o.order_date,
  o.customer_id,
  o.channel,
  o.currency,
  p.product_id,
  p.category,
  i.quantity,
  CAST(i.net_amount * fx.eur_per_unit AS DECIMAL(12,2)) AS net_amount_eur,
  CAST(i.discount_amount * fx.eur_per_unit AS DECIMAL(12,2)) AS discount_eur,
  CAST(i.quantity * p.unit_cost AS DECIMAL(12,2)) AS cost_eur,
  o.is_lost
FROM stg_orders o
JOIN stg_order_items i ON i.order_id = o.order_id
JOIN stg_products p ON p.product_id = i.product_id
JOIN {{ ref('int_fx_daily') }} fx
  ON fx.currency = o.currency
 AND o.order_date >= fx.valid_from
 AND o.order_date < fx.valid_to
