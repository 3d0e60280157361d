// Excerpts below the results of a search. Those of Sphinx are from the pages, which a browser does not let a file fetch:
// where the site is opened as files, they come from pages.js.
if (location.protocol === "file:") {
  const pages = new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = "pages.js";
    script.onload = () => resolve(PAGES);
    document.head.append(script);
  });
  window.fetch = async (address) => new Response((await pages)[String(address).replace(/^\.\//, "")]);
}

// For an entry of the reference Sphinx has none: here it is how the description begins.
async function describe(item) {
  const [address, id] = item.querySelector("a").getAttribute("href").split("#");
  const page = await (await fetch(address)).text();
  const name = new DOMParser().parseFromString(page, "text/html").getElementById(decodeURIComponent(id));
  const description = name?.nextElementSibling?.textContent.trim() ?? "";
  const excerpt = document.createElement("p");
  excerpt.className = "context";
  excerpt.textContent = description.slice(0, 240) + (description.length > 240 ? "..." : "");
  if (description) item.append(excerpt);
}
new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]);
  added.filter((node) => node.matches?.("li.kind-object")).forEach(describe);
}).observe(document.getElementById("search-results"), { childList: true, subtree: true });
