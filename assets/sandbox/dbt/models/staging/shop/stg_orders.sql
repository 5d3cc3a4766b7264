-- One row per order. Tills leave the web's default in `channel`: a store_id is the better witness.
SELECT
  o.order_id,
  o.customer_id,
  o.store_id,
  o.ordered_at,
  CAST(o.ordered_at AS DATE) AS order_date,
  o.status AS order_status,
  o.status IN ('cancelled', 'returned') AS is_lost,
  CASE WHEN o.store_id IS NOT NULL THEN 'store' ELSE o.channel END AS channel,
  UPPER(o.currency) AS currency,
  NULLIF(TRIM(o.campaign_code), '') AS campaign_code,
  COALESCE(o.shipping_fee, 0) AS shipping_fee,
  o.device.os AS device_os,
  o.device['type'] AS device_type
FROM {{ source('lake_shop_raw', 'orders') }} AS o
QUALIFY ROW_NUMBER() OVER (PARTITION BY o.order_id ORDER BY o._ingested_at DESC) = 1
