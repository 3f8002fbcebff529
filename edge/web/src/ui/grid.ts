/** How tiles fill a stage, as pure arithmetic. */

export interface Grid {
  tileWidth: number;
  tileHeight: number;
  /** Not everybody fits at a readable size: the stage scrolls. */
  scrolls: boolean;
}

/** A tile narrower than this hides the face and cuts the name. */
const TILE_WIDTH_MIN = 148;
/** Faces may be cropped to a square on a tall screen, but never be wider than the camera's picture. */
const RATIO_MAX = 16 / 9;
const RATIO_MIN_WIDE = 4 / 3;
const RATIO_MIN_TALL = 1;

export function gridFor(count: number, width: number, height: number, gap: number): Grid {
  if (count === 0 || width <= 0 || height <= 0) return { tileWidth: 0, tileHeight: 0, scrolls: false };
  const ratioMin = width >= height ? RATIO_MIN_WIDE : RATIO_MIN_TALL;
  let best = { tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tile = largestIn(
      (width - gap * (columns - 1)) / columns,
      (height - gap * (rows - 1)) / rows,
      ratioMin,
    );
    if (tile.tileWidth * tile.tileHeight > best.tileWidth * best.tileHeight) best = tile;
  }
  const readable = Math.min(TILE_WIDTH_MIN, width);
  if (best.tileWidth >= readable) return { ...floor(best), scrolls: false };
  const columns = Math.max(1, Math.floor((width + gap) / (readable + gap)));
  const tileWidth = (width - gap * (columns - 1)) / columns;
  return { ...floor({ tileWidth, tileHeight: tileWidth / RATIO_MIN_WIDE }), scrolls: true };
}

/** The largest tile of an allowed shape inside a cell. */
function largestIn(cellWidth: number, cellHeight: number, ratioMin: number) {
  if (cellWidth <= 0 || cellHeight <= 0) return { tileWidth: 0, tileHeight: 0 };
  const ratio = Math.min(Math.max(cellWidth / cellHeight, ratioMin), RATIO_MAX);
  const tileWidth = Math.min(cellWidth, cellHeight * ratio);
  return { tileWidth, tileHeight: tileWidth / ratio };
}

/** Whole pixels, rounded down: a fraction too much would break the row. */
const floor = ({ tileWidth, tileHeight }: { tileWidth: number; tileHeight: number }) => ({
  tileWidth: Math.floor(tileWidth),
  tileHeight: Math.floor(tileHeight),
});
