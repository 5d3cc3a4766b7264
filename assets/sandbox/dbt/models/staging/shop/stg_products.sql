SELECT
  p.product_id,
  p.sku,
  p.product_name,
  p.category,
  p.supplier_id,
  p.list_price,
  p.unit_cost,
  ROUND(p.dimensions.weight_g / 1000.0, 3) AS weight_kg,
  p.attributes['colour'] AS colour,
  COALESCE(p.attributes['material'], 'mixed') AS material,
  CAST(p.attributes['warranty_years'] AS INTEGER) AS warranty_years,
  ARRAY_CONTAINS(p.tags, 'bestseller') AS is_bestseller,
  p.tags,
  p.launched_on,
  NOT p.discontinued AS is_active
FROM {{ source('lake_shop_raw', 'products') }} p
