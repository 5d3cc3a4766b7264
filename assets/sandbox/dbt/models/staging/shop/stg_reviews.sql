SELECT
  review_id,
  product_id,
  customer_id,
  rating,
  body,
  CASE WHEN rating >= 4 THEN 'promoter' WHEN rating = 3 THEN 'passive' ELSE 'detractor' END AS sentiment,
  ARRAY_LENGTH(photos) AS photo_count,
  helpful.yes - helpful."no" AS helpful_score,
  created_at
FROM {{ source('lake_shop_raw', 'reviews') }}
