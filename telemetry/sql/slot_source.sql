-- The rows that some slots of a roll-up are made of; stands in for the table that the roll-up's view reads. The bounds have
-- microseconds like the moments: against whole seconds the engine leaves out what begins in the last half second of a slot.
SELECT * FROM /*kept_in*/
WHERE /*condition*/
    AND bitShiftLeft(toUInt64(project_id), 32) + intDiv(toUnixTimestamp(/*moment*/), /*seconds*/) * /*seconds*/ IN (/*keys*/)
    AND /*moment*/ >= toDateTime64(/*first*/, 6, 'UTC')
    AND /*moment*/ < toDateTime64(/*last*/, 6, 'UTC') + toIntervalSecond(/*seconds*/)
