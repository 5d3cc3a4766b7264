-- Reporting currency is the euro; the month's rate holds for every day of it.
SELECT currency, valid_from, valid_to, CAST(1 / units_per_eur AS DECIMAL(12,6)) AS eur_per_unit
FROM {{ ref('stg_exchange_rates') }}
