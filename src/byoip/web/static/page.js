// All that needs a script of ours: copy buttons, and the code of a link. Without scripts a page
// works all the same: texts are there to be selected, and the link's code can be pasted.
"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  button.hidden = !navigator.clipboard;
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copies).textContent;
  await navigator.clipboard.writeText(text);
  button.textContent = "copied";
});
const entering = document.getElementById("enter");
if (entering && location.hash.length > 1) {
  entering.elements.code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname); // the code stays in no history
  entering.querySelector("button").focus(); // the person presses it: a page elsewhere may lead here
}
// While checks run, ask again for what they say; when they have ended, show the page as it is then.
const running = document.querySelector("[data-live]");
async function follow(element) {
  await new Promise((wake) => setTimeout(wake, 3000));
  if (document.hidden) return follow(element);
  const answer = await fetch(element.dataset.live, { headers: { "X-Fragment": "1" } });
  if (!answer.ok) return location.reload();
  const part = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
  if (!part || !part.dataset.live) return location.reload();
  element.replaceWith(part);
  return follow(part);
}
if (running) follow(running);
