// Calls every hook of the bridge as OpenCode does for an agent that is not ours, and prints what each did to its output.
import { pathToFileURL } from "node:url"

const [file, directory] = process.argv.slice(2)
const { default: plugin } = await import(pathToFileURL(file))
const answered = { data: null, response: { status: 200 } }
const hooks = await plugin.server({ directory, client: { _client: { request: async () => answered } } })

const about = { sessionID: "ses_other", agent: "build", callID: "call_1", messageID: "msg_1" }
const event = (type, more) => ({ event: { id: type, type, properties: { sessionID: "ses_other", ...more } } })
// hook -> the pairs of input and output that it is called with
const calls = {
  "tool.definition": [[{ toolID: "read" }, { description: "d", parameters: {}, jsonSchema: { type: "object" } }]],
  "chat.message": [[about, { message: { agent: "build", id: "msg_1" }, parts: [{ type: "text", text: "hello" }] }]],
  "experimental.chat.system.transform": [[about, { system: ["You are opencode.", "<env>"] }]],
  "experimental.session.compacting": [[about, { context: [] }]],
  "tool.execute.before": ["read", "write", "edit", "bash", "task"].map((tool) => [{ ...about, tool }, { args: { filePath: "/etc/x", command: "git push" } }]),
  "command.execute.before": [[{ ...about, command: "init", arguments: "" }, { parts: [{ type: "text", text: "init" }] }]],
  "shell.env": [[{ ...about, cwd: directory }, { env: { KEPT: "1" } }]],
  event: ["session.idle", "session.status", "session.deleted", "permission.replied", "question.rejected"]
    .map((type) => [event(type), undefined])
    .concat([[event("session.created", { info: { id: "ses_below", parentID: "ses_other", agent: "build" } }), undefined]]),
}
const changed = []
for (const [name, pairs] of Object.entries(calls))
  for (const [input, output] of pairs) {
    const before = JSON.stringify(output)
    const result = await hooks[name](input, output)
    if (JSON.stringify(output) !== before || result !== undefined) changed.push({ name, before, after: output, result })
  }
console.log(JSON.stringify({ hooks: Object.keys(hooks).sort(), called: Object.keys(calls).sort(), changed }))
await hooks.dispose()
