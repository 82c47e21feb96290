-- Shows in Wireshark what a capture of Plumb has of unix sockets, and its notes
-- (link type 147, DLT_USER0; user_packet.h has the format):
--
--   wireshark -X lua_script:testing/capture/plumb.lua capture.pcapng

local plumb = Proto("plumb", "Plumb")
local kinds = { [1] = "open", [2] = "data", [3] = "end", [4] = "reset", [5] = "datagram", [6] = "note" }
local f = {
  kind = ProtoField.uint8("plumb.kind", "Kind", base.DEC, kinds),
  direction = ProtoField.uint8("plumb.direction", "Direction", base.DEC, { [0] = "from who dialled", [1] = "from who accepted" }),
  conversation = ProtoField.uint32("plumb.conversation", "Conversation"),
  offset = ProtoField.uint64("plumb.offset", "Offset in the direction"),
  network = ProtoField.string("plumb.network", "Network"),
  source = ProtoField.string("plumb.src", "Source"),
  destination = ProtoField.string("plumb.dst", "Destination"),
  data = ProtoField.bytes("plumb.data", "Data"),
  note = ProtoField.string("plumb.note", "Note"),
}
plumb.fields = f

function plumb.dissector(buffer, pinfo, root)
  if buffer:len() < 20 or buffer(0, 1):uint() ~= 1 then return 0 end
  local kind = buffer(1, 1):uint()
  local names = { buffer(3, 1):uint(), buffer(16, 2):uint(), buffer(18, 2):uint() }
  local start = 20 + names[1] + names[2] + names[3]
  if buffer:len() < start then return 0 end

  local tree = root:add(plumb, buffer())
  tree:add(f.kind, buffer(1, 1))
  tree:add(f.direction, buffer(2, 1))
  tree:add(f.conversation, buffer(4, 4))
  tree:add(f.offset, buffer(8, 8))
  local at, texts = 20, {}
  for i, field in ipairs({ f.network, f.source, f.destination }) do
    texts[i] = ""
    if names[i] > 0 then
      tree:add(field, buffer(at, names[i]))
      texts[i] = buffer(at, names[i]):string():gsub("%z", "@")
    end
    at = at + names[i]
  end
  local size = buffer:len() - start
  if size > 0 then tree:add(kind == 6 and f.note or f.data, buffer(start, size)) end

  pinfo.cols.src = texts[2]
  pinfo.cols.dst = texts[3]
  pinfo.cols.protocol = texts[1] ~= "" and texts[1] or "plumb"
  if kind == 6 then
    pinfo.cols.info = size > 0 and buffer(start, size):string() or ""
  else
    pinfo.cols.info = string.format("%s > %s [%s] Conversation=%d Len=%d", texts[2], texts[3],
                                    kinds[kind] or "?", buffer(4, 4):uint(), size)
  end
  return buffer:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, plumb)
