-- The attributes that tell the series of one metric apart, and their values.
SELECT key, arraySort(groupUniqArray(50)(value)) AS options, uniqExact(value) AS different
FROM metric_series FINAL
ARRAY JOIN mapKeys(attributes) AS key, mapValues(attributes) AS value
WHERE project_id = {project_id:UInt32} AND name = {name:String}
GROUP BY key
ORDER BY startsWith(key, 'resource.'), key
