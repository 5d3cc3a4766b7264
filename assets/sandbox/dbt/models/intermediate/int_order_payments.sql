SELECT
  p.order_id,
  SUM(p.paid_amount) FILTER (WHERE p.is_captured) AS captured_amount,
  LISTAGG(DISTINCT p.paid_with, ' + ') WITHIN GROUP (ORDER BY p.paid_with) AS paid_with,
  BOOL_OR(NOT p.is_captured) AS had_failure,
  MAX(p.captured_at) AS last_captured_at
FROM {{ ref('stg_payments') }} p
GROUP BY p.order_id
