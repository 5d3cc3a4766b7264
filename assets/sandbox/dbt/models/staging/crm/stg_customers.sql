SELECT
  c.customer_id,
  INITCAP(c.first_name) || ' ' || c.last_name AS full_name,
  LOWER(c.email) AS email,
  SPLIT_PART(LOWER(c.email), '@', 2) AS email_domain,
  c.country,
  c.city,
  c.vat_number IS NOT NULL AS is_business,
  c.marketing_opt_in,
  CAST(c.created_at AS DATE) AS customer_since,
  TIMESTAMPDIFF(YEAR, c.birth_date, DATE '2026-06-30') AS age
FROM {{ source('crm_public', 'customers') }} AS c
WHERE c.deleted_at IS NULL
