// Answers each request with a line.
addEventListener("fetch", (event) => event.respondWith(new Response("hello from JavaScript\n")));
