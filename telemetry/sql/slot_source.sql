-- The rows that some slots of a roll-up are made of; stands in for the table that the roll-up's view reads.
SELECT * FROM /*kept_in*/
WHERE /*condition*/
    AND bitShiftLeft(toUInt64(project_id), 32) + intDiv(toUnixTimestamp(/*moment*/), /*seconds*/) * /*seconds*/ IN (/*keys*/)
    AND /*moment*/ >= toDateTime(/*first*/, 'UTC')
    AND /*moment*/ < toDateTime(/*last*/, 'UTC') + toIntervalSecond(/*seconds*/)
