SELECT
  payment_id,
  order_id,
  paid_with,
  CAST(items_amount + shipping_amount AS DECIMAL(12,2)) AS paid_amount,
  captured_at,
  status = 'captured' AS is_captured
FROM {{ source('lake_shop_raw', 'payments') }}
