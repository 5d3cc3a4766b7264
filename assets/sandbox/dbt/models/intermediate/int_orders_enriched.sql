WITH lines AS (
  SELECT
    order_id,
    COUNT(*) AS line_count,
    SUM(quantity) AS units,
    SUM(net_amount_eur) AS net_amount_eur,
    SUM(discount_eur) AS discount_eur,
    SUM(cost_eur) AS cost_eur
  FROM {{ ref('int_order_lines') }}
  GROUP BY order_id
), refunds AS (
  SELECT order_id, SUM(refunded_amount) AS refunded_amount, MIN(refund_date) AS first_refund_date
  FROM {{ ref('stg_refunds') }}
  GROUP BY order_id
)
SELECT
  o.order_id,
  o.customer_id,
  o.store_id,
  o.order_date,
  o.order_status,
  o.channel,
  o.campaign_code,
  l.line_count,
  l.units,
  l.net_amount_eur,
  l.discount_eur,
  l.cost_eur,
  COALESCE(r.refunded_amount, 0) AS refunded_amount,
  pay.paid_with,
  COALESCE(pay.had_failure, FALSE) AS had_payment_failure,
  o.is_lost
FROM {{ ref('stg_orders') }} AS o
JOIN lines AS l ON l.order_id = o.order_id
LEFT JOIN refunds AS r ON r.order_id = o.order_id
LEFT JOIN {{ ref('int_order_payments') }} AS pay ON pay.order_id = o.order_id
