-- Spend of every user from one quarter of an hour to another, highest first.
SELECT user_id, sum(cost_nano) AS spent
FROM spend_15m
WHERE project_id = {project_id:UInt32}
  AND slot >= {start:DateTime('UTC')} AND slot < {end:DateTime('UTC')}
  AND ({user:String} = '' OR user_id = {user:String})
GROUP BY user_id
HAVING spent > 0 AND user_id != ''
ORDER BY spent DESC
LIMIT {limit:UInt32}
