SELECT
  c.customer_id,
  c.full_name,
  c.email,
  c.country,
  n.country_name,
  n.region,
  c.city,
  c.is_business,
  c.customer_since,
  CASE
    WHEN c.age IS NULL THEN 'unknown'
    WHEN c.age < 25 THEN '< 25'
    WHEN c.age BETWEEN 25 AND 39 THEN '25-39'
    WHEN c.age BETWEEN 40 AND 59 THEN '40-59'
    ELSE '60+'
  END AS age_band,
  COALESCE(l.tier, 'none') AS loyalty_tier,
  COALESCE(l.points_balance, 0) AS points_balance,
  c.marketing_opt_in
FROM {{ ref('stg_customers') }} c
LEFT JOIN {{ ref('stg_loyalty') }} l ON l.customer_id = c.customer_id
LEFT JOIN {{ source('lake_shop_raw_reference', 'countries') }} n ON n.country = c.country
