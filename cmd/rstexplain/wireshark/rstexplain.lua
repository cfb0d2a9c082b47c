-- rstexplain in Wireshark and tshark: why each TCP connection was reset, as fields.
--
-- Put this file into the personal Lua plugins directory ("rstexplain plugin install" does so), or name it:
--
--     tshark -X lua_script:rstexplain.lua -r capture.pcapng -Y rstexplain.cause
--
-- Each RST, and each frame of the evidence for it, gets rstexplain.cause, .detail, .confidence, .incident, .summary and
-- .evidence, to filter, colour and make columns of. A coloring rule, to import in View, Coloring Rules:
--
--     @rstexplain@rstexplain.cause && tcp.flags.reset == 1@[65535,57825,54998][29555,4626,0]
--
-- The plugin runs the program once for a file. No version of Wireshark gives Lua the file's name, so it is taken, in
-- this order, from the argument of the script (-X lua_script1:FILE), from the environment (RSTEXPLAIN_CAPTURE), from
-- the preference rstexplain.file, and on Linux from the files that the process has open. Where there is no name, or no
-- program, an annotated copy (rstexplain annotate) shows the same fields, from its packet comments.

local argument = ...
local PROGRAM = "rstexplain" -- "rstexplain plugin install" writes the path of the program here

local rst = Proto("rstexplain", "Why the connection was reset")
local fields = {
	cause = ProtoField.string("rstexplain.cause", "Cause"),
	detail = ProtoField.string("rstexplain.detail", "Detail"),
	confidence = ProtoField.double("rstexplain.confidence", "Confidence"),
	incident = ProtoField.uint32("rstexplain.incident", "Incident"),
	summary = ProtoField.string("rstexplain.summary", "Summary"),
	evidence = ProtoField.string("rstexplain.evidence", "Evidence"),
	reset = ProtoField.framenum("rstexplain.reset", "Reset in frame"),
	problem = ProtoField.string("rstexplain.problem", "Not explained"),
}
local list = {}
for _, field in pairs(fields) do list[#list + 1] = field end
rst.fields = list
rst.prefs.program = Pref.string("Program", PROGRAM, "Path of rstexplain")
rst.prefs.file = Pref.string("Capture", "", "Path of the capture, where the plugin cannot find it by itself")

local MOST = 16 -- resets whose evidence one frame shows

local windows = package.config:sub(1, 1) == "\\"
local gui = gui_enabled()

local function quoted(s)
	if windows then return '"' .. s:gsub('["%%]', "") .. '"' end
	return "'" .. s:gsub("'", "'\\''") .. "'"
end

local function slurp(path)
	local f = io.open(path, "rb")
	if not f then return nil end
	local s = f:read("*a")
	f:close()
	return s
end

-- run returns what a command prints, errors too. The program is started by the shell, which on Windows takes away one
-- pair of quotes around the whole.
local function run(command)
	command = command .. " 2>&1"
	if windows then command = '"' .. command .. '"' end
	local p = io.popen(command, "r")
	if not p then return nil end
	return p
end

-- Magic numbers of what rstexplain reads: pcapng, pcap in both orders and resolutions, gzip, zstd, lz4, bzip2, xz.
local magic = {
	["\10\13\13\10"] = true, ["\212\195\178\161"] = true, ["\161\178\195\212"] = true, ["\77\60\178\161"] = true,
	["\161\178\60\77"] = true, ["\40\181\47\253"] = true, ["\4\34\77\24"] = true, ["\253\55\122\88"] = true,
}

local function is_capture(path)
	local f = io.open(path, "rb")
	if not f then return false end
	local head = f:read(4) or ""
	f:close()
	return magic[head] or head:sub(1, 2) == "\31\139" or head:sub(1, 3) == "BZh"
end

-- open_capture returns the one capture that this process has open for reading, or why there is none.
local function open_capture()
	local pid = (slurp("/proc/self/stat") or ""):match("^(%d+)")
	if not pid then return nil, "this system does not say which file is open" end
	local found, count = nil, 0
	local p = io.popen("for f in /proc/" .. pid .. "/fd/*; do printf '%s\\t' \"$f\"; readlink \"$f\"; done 2>/dev/null", "r")
	for line in p:lines() do
		local fd, path = line:match("/fd/(%d+)\t(/.+)$")
		if fd and path ~= found and is_capture(path) then
			local flags = (slurp("/proc/" .. pid .. "/fdinfo/" .. fd) or ""):match("flags:%s*(%d+)") or "1"
			if tonumber(flags, 8) % 4 == 0 then -- for reading only
				found, count = path, count + 1
			end
		end
	end
	p:close()
	if count == 1 then return found end
	if count > 1 then return nil, "several captures are open" end
	return nil, "no capture file is open: a live capture, or standard input"
end

local function is_there(path)
	local f = io.open(path, "rb")
	if f then f:close() end
	return f ~= nil
end

-- installed reports whether a program is there, or in a directory of PATH.
local function installed(program)
	if program:find("/", 1, true) then return is_there(program) end
	for dir in (os.getenv("PATH") or ""):gmatch("[^:]+") do
		if is_there(dir .. "/" .. program) then return true end
	end
	return false
end

-- temporary reports whether a path is that of a capture which Wireshark has not saved.
local function temporary(path)
	return path:match("[/\\]wireshark_[^/\\]*$") ~= nil
end

-- capture_name returns the path of the loaded file, or why it is not known.
local function capture_name()
	local name = argument or os.getenv("RSTEXPLAIN_CAPTURE")
	if name == "" then name = nil end
	if not name and rst.prefs.file ~= "" then name = rst.prefs.file end
	local why
	if not name then name, why = open_capture() end
	if not name then
		return nil, why .. "; save the capture and open it, set the preference rstexplain.file, or open an annotated copy (rstexplain annotate)"
	end
	if temporary(name) then
		return nil, "the capture has not been saved; stop it, save it, and open it"
	end
	if not is_capture(name) then return nil, name .. " is not a capture, or cannot be read" end
	return name
end

local missing = "the program rstexplain was not found; install it, or set the preference rstexplain.program"

-- The comments of packets are asked for only where they may be needed: it makes tshark build the tree of each packet.
local comment, reset_flag
if gui or not slurp("/proc/self/stat") or not installed(PROGRAM) then
	comment, reset_flag = Field.new("frame.comment"), Field.new("tcp.flags.reset")
end

local state -- of the loaded file: rows by frame, or a problem

local function row(rows, frame)
	local r = rows[frame]
	if not r then
		r = {}
		rows[frame] = r
	end
	return r
end

local function split(line)
	local parts = {}
	for part in (line .. "\t"):gmatch("([^\t]*)\t") do parts[#parts + 1] = part end
	return parts
end

-- ask runs the program on a file. Its lines are those of "rstexplain plugin fields".
local function ask(name)
	local p = run(quoted(rst.prefs.program) .. " plugin fields " .. quoted(name))
	if not p then return nil, missing end
	local head = p:read("*l") or ""
	if not head:match("^rstexplain%-fields\t1") then
		p:close()
		if head:match("^rstexplain:") then return nil, (head:gsub("^rstexplain: ", "")) end
		return nil, missing
	end
	local rows, finding, joined, ended = {}, {}, {}, false
	for line in p:lines() do
		local v = split(line)
		if v[1] == "R" then
			local r = { reset = tonumber(v[2]), cause = v[3], detail = v[4], confidence = tonumber(v[5]), incident = tonumber(v[6]), summary = v[7], evidence = {} }
			for i = 8, #v do r.evidence[#r.evidence + 1] = v[i] end
			finding[r.reset] = r
			table.insert(row(rows, r.reset), r)
		elseif v[1] == "E" then
			local of, here = finding[tonumber(v[3])], row(rows, tonumber(v[2]))
			local last = here[#here]
			if last and last.of == of then
				last.evidence[#last.evidence + 1] = v[4]
			elseif #here < MOST then
				here[#here + 1] = { of = of, evidence = { v[4] } }
			end
		elseif v[1] == "I" then
			joined[tonumber(v[2])] = tonumber(v[3])
		elseif v[1] == "end" then
			ended = true
		end
	end
	p:close()
	for _, r in pairs(finding) do r.incident = joined[r.incident] or r.incident end
	if not ended then return nil, "rstexplain ended before it had read the file" end
	return rows
end

local function load_file()
	state = { rows = {} }
	local name, why = capture_name()
	if name then
		local rows
		rows, why = ask(name)
		if rows then
			state.rows, state.name = rows, name
			return
		end
	end
	state.problem = why
	if not gui then io.stderr:write("rstexplain: " .. why .. "\n") end
end

-- from_comments returns what the packet comments of an annotated copy say.
local function from_comments(number)
	local rows = {}
	for _, one in ipairs({ comment() }) do
		local first, rest = tostring(one.value):match("^([^\n]*)\n?(.*)$")
		local cause, detail, says = first:match("^rstexplain: (%S+) %((%S+)%), %d+ %% confidence, %a+%. (.*)$")
		local about, evidence = first:match("^rstexplain, about the reset in frame (%d+): (.*)$")
		if not cause then cause, detail = first:match("^rstexplain: (%S+) %((%S+)%): the same event as") end
		if cause then
			local r = { reset = number, cause = cause, detail = detail, summary = says or "", evidence = {} }
			for line in (rest .. "\n"):gmatch("([^\n]*)\n") do
				local statement = line:match("^Evidence: (.*)$")
				local incident, confidence = line:match("^Incident (%d+), confidence ([%d.]+)$")
				if statement then r.evidence[#r.evidence + 1] = statement end
				if incident then r.incident, r.confidence = tonumber(incident), tonumber(confidence) end
			end
			rows[#rows + 1] = r
			state.seen = state.seen or {}
			state.seen[number] = r
		elseif about then
			local last = rows[#rows]
			if last and last.reset == tonumber(about) and last.about then
				last.evidence[#last.evidence + 1] = evidence
			else
				rows[#rows + 1] = { reset = tonumber(about), about = true, evidence = { evidence } }
			end
		end
	end
	return rows
end

local function show(tree, r)
	local of = r.of or r
	local sub = tree:add(rst)
	sub:set_generated()
	if of.cause then
		sub:set_text("rstexplain: " .. of.cause .. " (" .. of.detail .. ")")
		sub:add(fields.cause, of.cause):set_generated()
		sub:add(fields.detail, of.detail):set_generated()
		if of.confidence then sub:add(fields.confidence, of.confidence):set_generated() end
		if of.incident then sub:add(fields.incident, of.incident):set_generated() end
		if of.summary ~= "" then sub:add(fields.summary, of.summary):set_generated() end
	end
	for _, says in ipairs(r.evidence) do sub:add(fields.evidence, says):set_generated() end
	if r.of or r.about then sub:add(fields.reset, of.reset):set_generated() end
end

-- With one pass, tshark dissects frame after frame, so that they can be counted: asking each packet for its number takes
-- longer than all else that the plugin does. What it is asked for is the same for each, too. An option that may be -2 (or
-- end in it) means two passes.
local count, one_pass = 0, not gui and not comment
for option in (slurp("/proc/self/cmdline") or "-2"):gmatch("[^%z]+") do
	if option:match("^%-%w*2") or option:match("^%-%-two") then one_pass = false end
end
local counted, idle = one_pass, false

function rst.init() state, count, counted, idle = nil, 0, one_pass, false end

function rst.dissector(_, pinfo, tree)
	if idle then return end
	if not state then
		-- Where no filter, column or output has a field of the plugin, there is nothing to run the program for.
		if not comment and not tree:referenced(rst.dissector) then
			idle = one_pass
			return
		end
		load_file()
	end
	local number
	if counted then
		count = count + 1
		number = count
		if not state.rows[number] and number > 1 then return end
		if pinfo.number ~= number then counted = false end
	end
	number = pinfo.number
	local rows = state.rows[number]
	if rows then
		for _, r in ipairs(rows) do show(tree, r) end
	elseif state.problem and comment then
		rows = from_comments(number)
		for _, r in ipairs(rows) do show(tree, r) end
		local flag = reset_flag()
		if #rows == 0 and flag and flag.value then
			tree:add(fields.problem, state.problem):set_generated()
		end
	elseif state.problem and number == 1 then
		tree:add(fields.problem, state.problem):set_generated()
	end
end

register_postdissector(rst)

if gui then
	register_menu("rstexplain: HTML report of this capture", function()
		local name, why = capture_name()
		if name then
			local page = os.tmpname() .. ".html"
			local p = run(quoted(rst.prefs.program) .. " --quiet --format html --output " .. quoted(page) .. " " .. quoted(name))
			local said = p and p:read("*a") or missing
			if p then p:close() end
			if is_there(page) then
				browser_open_url("file://" .. (windows and "/" or "") .. page:gsub("\\", "/"):gsub(" ", "%%20"))
				return
			end
			why = said
		end
		report_failure("rstexplain: " .. why)
	end, MENU_TOOLS_UNSORTED)
end
