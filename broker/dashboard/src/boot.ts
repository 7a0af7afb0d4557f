// The dashboard's program begins when what stands in the page has been painted.
const program = "/dashboard/dashboard.js";
const start = () => void import(program);
if (document.hidden) start();
else requestAnimationFrame(() => setTimeout(start));

export {};
