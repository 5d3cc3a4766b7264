{{ config(alias='Customer_Lifetime') }}
SELECT customer_id, SUM(net_amount_eur + discount_eur) AS gross_eur
FROM {{ ref('fct_orders') }}
GROUP BY customer_id
