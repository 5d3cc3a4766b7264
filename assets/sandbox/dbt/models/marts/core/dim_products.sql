SELECT
  p.product_id,
  p.sku,
  p.product_name,
  COALESCE(parent.category, c.category, 'Other') AS department,
  p.category,
  s.supplier_name,
  p.list_price,
  p.unit_cost,
  margin_pct(p.list_price, p.unit_cost) AS margin_pct,
  r.reviews,
  r.avg_rating,
  p.is_active
FROM {{ ref('stg_products') }} p
LEFT JOIN {{ source('catalogue_dims', 'categories') }} c ON c.category = p.category
LEFT JOIN {{ source('catalogue_dims', 'categories') }} parent ON parent.category_id = c.parent_id
LEFT JOIN {{ source('catalogue_dims', 'suppliers') }} s ON s.supplier_id = p.supplier_id
LEFT JOIN (
  SELECT product_id, COUNT(*) AS reviews, CAST(AVG(rating) AS DECIMAL(3,2)) AS avg_rating
  FROM {{ ref('stg_reviews') }}
  GROUP BY 1
) r ON r.product_id = p.product_id
