import { createRoot } from "react-dom/client";
import { App } from "./ui/App";
import "./ui/base.css";

const root = document.getElementById("app");
if (root) createRoot(root).render(<App />);
