-- Take scores back, named by their ids: a mark beside each row, which later merges drop.
DELETE FROM scores
WHERE project_id = {project_id:UInt32} AND score_id IN {ids:Array(String)}
SETTINGS lightweight_deletes_sync = 2
