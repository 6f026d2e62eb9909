// All that needs a script of ours: copy buttons, the code of a link, and that what somebody acts on
// is not drawn anew under their hands. Without scripts a page works all the same: texts are there to
// be selected, and the link's code can be pasted.
"use strict";
document.documentElement.classList.toggle("copies", Boolean(navigator.clipboard));
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copies).textContent;
  await navigator.clipboard.writeText(text);
  button.textContent = "copied";
});
document.addEventListener("toggle", ({ target }) => {
  if (target.closest?.("[data-acted-on]")) target.toggleAttribute("hx-morph-skip", target.open);
}, true);
const entering = document.getElementById("enter");
if (entering && location.hash.length > 1) {
  entering.elements.code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname); // the code stays in no history
  entering.querySelector("button").focus(); // the person presses it: a page elsewhere may lead here
}
