// Shows the document of the page by pdf.js, and lets the mark of its signature be
// moved by mouse, finger and keys. The fields of the form say the same in numbers,
// and are all that is sent.
import * as pdfjs from "./pdfjs/pdf.min.mjs";

const here = (name) => new URL(name, import.meta.url).href;
pdfjs.GlobalWorkerOptions.workerSrc = here("./pdfjs/pdf.worker.min.mjs");

const point = 25.4 / 72; // in millimetres
const size = { width: 198 * point, height: 62 * point }; // of a mark
const viewer = document.getElementById("viewer");
const canvas = document.getElementById("sheet");
const mark = document.getElementById("mark");
const where = document.getElementById("where");
const form = document.getElementById("place");
const field = (name) => form.elements[name];

let pdf, shown = 1, scale = 1, paper = { width: 0, height: 0 }, drawing = Promise.resolve();

async function draw() {
  const page = await pdf.getPage(shown);
  const plain = page.getViewport({ scale: 1 });
  paper = { width: plain.width * point, height: plain.height * point };
  const width = viewer.clientWidth - 2;
  scale = width / paper.width; // pixels a millimetre
  const dense = Math.min(window.devicePixelRatio || 1, 2, Math.sqrt(1.2e7 / (width * width * (plain.height / plain.width))));
  const viewport = page.getViewport({ scale: (width / plain.width) * dense });
  canvas.width = Math.floor(viewport.width);
  canvas.height = Math.floor(viewport.height);
  canvas.style.width = width + "px";
  canvas.style.height = width * (plain.height / plain.width) + "px";
  await page.render({ canvas, canvasContext: canvas.getContext("2d"), viewport, annotationMode: pdfjs.AnnotationMode.ENABLE }).promise;
  where.textContent = shown + " / " + pdf.numPages;
  document.getElementById("before").disabled = shown === 1;
  document.getElementById("after").disabled = shown === pdf.numPages;
  place();
}

// turn shows another page, after the one that is just being drawn.
function turn(to) {
  shown = Math.max(1, Math.min(pdf.numPages, to));
  drawing = drawing.then(draw, draw);
  return drawing;
}

const visible = () => form && field("mark").value === "visible";
const number = (name) => Math.max(0, parseInt(field(name).value, 10) || 0);

// place puts the mark where the fields say.
function place() {
  if (!form) return;
  mark.hidden = !visible() || number("page") !== shown;
  if (mark.hidden) return;
  const fit = Math.min(1, paper.width / size.width, paper.height / size.height);
  const width = size.width * fit, height = size.height * fit;
  mark.style.width = width * scale + "px";
  mark.style.height = height * scale + "px";
  mark.style.left = Math.min(number("left"), paper.width - width) * scale + "px";
  mark.style.top = Math.min(number("top"), paper.height - height) * scale + "px";
}

// move puts the mark, and the fields, at a place of the page that is shown.
function move(left, top) {
  field("mark").value = "visible";
  field("page").value = shown;
  field("left").value = Math.round(Math.max(0, Math.min(left, paper.width - size.width)));
  field("top").value = Math.round(Math.max(0, Math.min(top, paper.height - size.height)));
  place();
}

function at(event) {
  const box = canvas.getBoundingClientRect();
  return { left: (event.clientX - box.left) / scale, top: (event.clientY - box.top) / scale };
}

function listen() {
  let held = null;
  mark.addEventListener("pointerdown", (event) => {
    const from = at(event);
    held = { left: from.left - number("left"), top: from.top - number("top") };
    mark.setPointerCapture(event.pointerId);
    event.preventDefault();
    mark.focus();
  });
  mark.addEventListener("pointermove", (event) => {
    if (!held) return;
    const to = at(event);
    move(to.left - held.left, to.top - held.top);
  });
  const drop = () => { held = null; };
  mark.addEventListener("pointerup", drop);
  mark.addEventListener("pointercancel", drop);
  mark.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!way) return;
    event.preventDefault();
    move(number("left") + way[0], number("top") + way[1]);
  });
  canvas.addEventListener("click", (event) => {
    const to = at(event);
    move(to.left - size.width / 2, to.top - size.height / 2);
  });
  form.addEventListener("input", (event) => {
    const page = number("page");
    if (visible() && page !== shown && event.target.name !== "left" && event.target.name !== "top" && page >= 1 && page <= pdf.numPages) turn(page);
    else place();
  });
}

async function start() {
  viewer.hidden = false;
  pdf = await pdfjs.getDocument({
    url: viewer.dataset.file, wasmUrl: here("./pdfjs/"), useWasm: false, isEvalSupported: false, enableXfa: false, maxImageSize: 1e8, verbosity: 0,
  }).promise;
  document.getElementById("before").addEventListener("click", () => turn(shown - 1));
  document.getElementById("after").addEventListener("click", () => turn(shown + 1));
  if (form) {
    if (visible()) shown = Math.max(1, Math.min(pdf.numPages, number("page")));
    listen();
  }
  await turn(shown);
  viewer.dataset.ready = "yes";
  let wide = viewer.clientWidth;
  new ResizeObserver(() => {
    if (viewer.clientWidth !== wide) { wide = viewer.clientWidth; turn(shown); }
  }).observe(viewer);
}

start().catch((fault) => {
  console.warn("document not shown", fault.name);
  document.getElementById("paper").hidden = true;
  document.getElementById("unseen-file").hidden = false;
});
