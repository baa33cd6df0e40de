-- The type of each column of a table.
SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
