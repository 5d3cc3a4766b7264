SELECT refund_id, order_id, reason, refunded_amount, CAST(refunded_at AS DATE) AS refund_date
FROM {{ source('lake_shop_raw', 'refunds') }}
