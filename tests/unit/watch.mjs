// Tells the bridge events as OpenCode does, for a console that looks (the brain said so before it greeted).
import { pathToFileURL } from "node:url"

const [file, directory] = process.argv.slice(2)
const { default: plugin } = await import(pathToFileURL(file))
const answered = { data: null, response: { status: 200, headers: new Headers({ "x-next-cursor": "older" }) } }
const hooks = await plugin.server({ directory, client: { _client: { request: async () => answered } } })
let number = 0
const tell = (type, properties) => hooks.event({ event: { id: `evt_${++number}`, type, properties: { sessionID: "ses_other", ...properties } } })
const delta = (partID, delta) => tell("message.part.delta", { messageID: "msg_1", partID, field: "text", delta })

await tell("session.status", { status: { type: "busy" } })
for (const word of ["a", "b", "c"]) await delta("prt_1", word)
for (const word of ["x", "y"]) await delta("prt_2", word)
await tell("session.updated", { info: { id: "ses_other" } }) // what has grown comes before it
await delta("prt_1", "lost")
await tell("message.part.updated", { part: { id: "prt_1", messageID: "msg_1", sessionID: "ses_other", type: "text", text: "abclost" } })
for (const output of ["1", "12", "123"])
  await tell("message.part.updated", { part: { id: "prt_3", messageID: "msg_1", sessionID: "ses_other", type: "tool", state: { status: "running", output } } })
await tell("file.edited", { file: "a.txt" }) // nobody wants it
await tell("message.updated", { info: { id: "msg_1", sessionID: "ses_other", summary: "x".repeat(1 << 20) } }) // too long
for (let at = 0; at < 3; at++) await delta("prt_4", "y".repeat(40_000)) // more than waits
await delta("prt_5", "later") // told by the clock
