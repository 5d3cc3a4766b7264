/* The spreadsheet knows text only. */
SELECT
  CAST(store_id AS INTEGER) AS store_id,
  TRIM(store_name) AS store_name,
  city,
  country,
  CASE WHEN REGEXP_LIKE(opened, '^\d{2}[.]\d{2}[.]\d{4}$') THEN TO_DATE(opened, 'DD.MM.YYYY') END AS opened_on,
  CAST(lat AS DOUBLE) AS latitude,
  CAST(lon AS DOUBLE) AS longitude
FROM {{ source('lake_shop_raw', 'stores') }}
