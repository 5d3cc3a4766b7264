SELECT
  i.order_item_id,
  i.order_id,
  ROW_NUMBER() OVER (PARTITION BY i.order_id ORDER BY i.order_item_id) AS line_no,
  i.product_id,
  i.quantity,
  i.list_price,
  i.net_unit_price,
  i.line_total AS net_amount,
  CAST(i.quantity * i.list_price - i.line_total AS DECIMAL(12,2)) AS discount_amount,
  i.gift_wrap
FROM order_items i
WHERE i.quantity > 0
