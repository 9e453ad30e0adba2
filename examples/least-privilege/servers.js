// The server that keeps the notes, and one to which nothing should ever come. Both print each request.
//
//   node servers.js [port of the notes] [port of the other]
const { createServer } = require("node:http");

const key = "open sesame";
const [notesPort = 4180, otherPort = 4181] = process.argv.slice(2).map(Number);

const note = () => `# Tea

Two spoons for each pot. See [the other notes](${notes.url}/) and
[what others say](${other.url}/).
`;

const notes = serve("notes", notesPort, ({ method, headers }) => {
  if (method !== "GET") return { status: 405 };
  return headers.authorization === `Bearer ${key}` ? { status: 200, text: note() } : { status: 401 };
});
const other = serve("other", otherPort, () => ({ status: 204 }));

function serve(name, port, answer) {
  const server = createServer((request, response) => {
    // Answered once it is there as a whole: a client may not expect an answer before.
    request.resume().on("end", () => {
      const { status, text } = answer(request);
      console.log(`${name}: ${request.method} ${request.url} ${status}`);
      response.writeHead(status, { "content-type": "text/markdown; charset=utf-8" }).end(text);
    });
  });
  const place = { url: "" };
  server.listen(port, "127.0.0.1", () => {
    place.url = `http://127.0.0.1:${server.address().port}`;
    console.log(`${name}: listens at ${place.url}`);
  });
  return place;
}
