-- Put into a roll-up what its view would make of these slots.
INSERT INTO /*table*/
/*expected*/
