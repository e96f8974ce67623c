-- Argo CD's health of every kind of mqttgrid.io: what the operator says in the conditions, once it
-- has seen the object as it stands. Lua 5.1, which is what Argo CD runs.
local generation = obj.metadata.generation
local status = obj.status

-- Of no conditions Argo CD thinks nothing, and a status of the spec before tells of another object.
if status == nil or status.conditions == nil or status.observedGeneration ~= generation then
  return { status = "Progressing", message = "Waiting for the operator to see the object" }
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end

local stalled = conditions["Stalled"]
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = stalled.reason .. ": " .. stalled.message }
end

local delivering = conditions["Delivering"]
if delivering ~= nil and delivering.status == "False" then
  return { status = "Degraded", message = delivering.reason .. ": " .. delivering.message }
end

local ready = conditions["Ready"]
if ready ~= nil and ready.status == "True" then
  return { status = "Healthy", message = "In force on every broker" }
end
if ready ~= nil then
  return { status = "Progressing", message = ready.reason .. ": " .. ready.message }
end
return { status = "Progressing", message = "Waiting for the condition Ready" }
