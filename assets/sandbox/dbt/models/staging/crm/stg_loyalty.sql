SELECT
  a.customer_id,
  a.account_id,
  a.tier,
  COALESCE(SUM(p.points), 0) AS points_balance,
  MAX(p.booked_at) AS last_booked_at
FROM {{ source('crm_public', 'loyalty_accounts') }} a
LEFT OUTER JOIN {{ source('crm_public', 'loyalty_points') }} p ON p.account_id = a.account_id
GROUP BY a.customer_id, a.account_id, a.tier
