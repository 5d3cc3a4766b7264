SELECT customer_id, country, recency_days, recency_days > 365 AS has_churned
FROM {{ ref('customer_lifetime') }}
