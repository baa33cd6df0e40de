-- Take wrong slots out of a roll-up, before what they should hold is put in.
ALTER TABLE /*table*/ DELETE
WHERE bitShiftLeft(toUInt64(project_id), 32) + toUnixTimestamp(/*slot*/) IN (/*keys*/)
    AND /*slot*/ BETWEEN toDateTime(/*first*/, 'UTC') AND toDateTime(/*last*/, 'UTC')
SETTINGS mutations_sync = 2
