// What of Chart.js our charts need: bars on two axes. `make chart` builds chart.bars.js from it.
import { BarController, BarElement, CategoryScale, Chart, LinearScale } from "chart.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale);
globalThis.Chart = Chart;
