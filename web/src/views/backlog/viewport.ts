/** What part of a drawing is in sight. A point of the drawing stands at `point * scale + (x, y)` of the frame. Pure. */
export interface Port {
  x: number;
  y: number;
  scale: number;
}
export interface Size {
  width: number;
  height: number;
}

const SCALE = { least: 0.08, most: 2.5 };
const MARGIN = 20;

/** Zoom with a point of the frame staying where it is. */
export function zoomed(port: Port, factor: number, at: { x: number; y: number }): Port {
  const scale = Math.min(SCALE.most, Math.max(SCALE.least, port.scale * factor));
  const real = scale / port.scale;
  return { scale, x: at.x - (at.x - port.x) * real, y: at.y - (at.y - port.y) * real };
}

/** All of it, in the middle; never larger than life. `readable`: not smaller than can be read, from the upper left then. */
export function fitted(drawing: Size, frame: Size, readable = 0): Port {
  const room = { width: Math.max(1, frame.width - 2 * MARGIN), height: Math.max(1, frame.height - 2 * MARGIN) };
  const whole = Math.min(1, room.width / Math.max(1, drawing.width), room.height / Math.max(1, drawing.height));
  const scale = Math.max(SCALE.least, whole, readable);
  const middle = (have: number, want: number) => (want * scale > have - 2 * MARGIN ? MARGIN : (have - want * scale) / 2);
  return { scale, x: middle(frame.width, drawing.width), y: middle(frame.height, drawing.height) };
}

/** Moved so that a box is in sight; not moved when it is. */
export function shown(port: Port, box: { x: number; y: number } & Size, frame: Size): Port {
  const along = (at: number, from: number, length: number, room: number) => {
    const start = from * port.scale + at;
    if (start < MARGIN) return at + MARGIN - start;
    const end = start + length * port.scale;
    return end > room - MARGIN ? at - (end - room + MARGIN) : at;
  };
  return { ...port, x: along(port.x, box.x, box.width, frame.width), y: along(port.y, box.y, box.height, frame.height) };
}

/** A part of the drawing always stays in the frame: nobody gets lost. */
export function held(port: Port, drawing: Size, frame: Size): Port {
  const rest = (at: number, length: number, room: number) => Math.min(room - 2 * MARGIN, Math.max(2 * MARGIN - length * port.scale, at));
  return { ...port, x: rest(port.x, drawing.width, frame.width), y: rest(port.y, drawing.height, frame.height) };
}
