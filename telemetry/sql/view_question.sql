-- The SELECT of a materialised view, as the engine keeps it.
SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {view:String}
