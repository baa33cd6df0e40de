-- Slots of a roll-up whose count differs from that of what it is made of. The view's own question over the source is put in
-- at /*expected*/; a slot is named by its project (upper half of the key) and its beginning (lower half, Unix seconds).
SELECT key
FROM (
    SELECT bitShiftLeft(toUInt64(project_id), 32) + toUnixTimestamp(/*slot*/) AS key, toInt64(/*count*/) AS difference
    FROM (/*expected*/)
    UNION ALL
    SELECT bitShiftLeft(toUInt64(project_id), 32) + toUnixTimestamp(/*slot*/) AS key, -toInt64(/*count*/) AS difference
    FROM /*table*/
    WHERE bitShiftLeft(toUInt64(project_id), 32) + toUnixTimestamp(/*slot*/) IN (/*keys*/)
        AND /*slot*/ BETWEEN toDateTime(/*first*/, 'UTC') AND toDateTime(/*last*/, 'UTC')
)
GROUP BY key
HAVING sum(difference) != 0
