-- Up to which moment of receipt a roll-up holds the points; 0 for an empty one.
SELECT max(version) FROM /*table*/
