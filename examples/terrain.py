"""Terrain analysis of the Jacksboro fault, Tennessee, in plain Python loops.

Reads the elevation model that Matplotlib ships (3 arc-seconds, 344 x 403 cells), refines it,
and derives slope, aspect, hillshade, the hours of direct sun on the shortest day of the year,
the drainage network and the local relief; then draws everything in one picture.

    python examples/terrain.py --crop 64            # a small window: seconds
    python examples/terrain.py --out terrain.png    # the whole sheet: minutes
"""

import argparse
import math
import time

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, ListedColormap, LogNorm

METRES_PER_DEGREE = 111_200.0
LATITUDE = 36.6  # of the middle of the sheet, degrees north
DECLINATION = -23.44  # of the sun on 21 December, degrees
HOURS = [8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0]  # solar time
SECTORS = ["flat", "N", "NE", "E", "SE", "S", "SW", "W", "NW"]
COMPASS_COLOURS = ["#e9e6df", "#3b4cc0", "#5fa8d3", "#4fb286", "#b8d05a"]
COMPASS_COLOURS += ["#f4d35e", "#ee964b", "#d1495b", "#8d5fa8"]
TAN_22_5 = math.sqrt(2.0) - 1.0  # half the width of one of eight sectors


# ------------------------------------------------------------------------------ the sheet


def read_elevation(crop):
    """Elevation in metres, rows from north to south, and the cell's height and width in metres."""
    with cbook.get_sample_data("jacksboro_fault_dem.npz") as sheet:
        elevation = sheet["elevation"].astype(np.float64)
        cell_height = float(sheet["dy"]) * METRES_PER_DEGREE
        cell_width = float(sheet["dx"]) * METRES_PER_DEGREE * math.cos(math.radians(LATITUDE))
    if crop:
        top = max(0, (elevation.shape[0] - crop) // 2)
        left = max(0, (elevation.shape[1] - crop) // 2)
        elevation = elevation[top : top + crop, left : left + crop].copy()
    return elevation, cell_height, cell_width


def cubic(before, left, right, after, t):
    """Catmull-Rom interpolation between `left` (t = 0) and `right` (t = 1)."""
    a = 3.0 * (left - right) + after - before
    b = 2.0 * before - 5.0 * left + 4.0 * right - after
    return left + 0.5 * t * (right - before + t * (b + t * a))


def refine(coarse, factor):
    """Bicubic interpolation on a grid `factor` times finer: along the rows, then the columns."""
    rows, cols = coarse.shape
    fine_rows = (rows - 1) * factor + 1
    fine_cols = (cols - 1) * factor + 1
    wide = np.empty((rows, fine_cols))
    for i in range(rows):
        for j in range(fine_cols):
            c = min(j // factor, cols - 2)
            t = (j - c * factor) / factor
            before = coarse[i, max(c - 1, 0)]
            after = coarse[i, min(c + 2, cols - 1)]
            wide[i, j] = cubic(before, coarse[i, c], coarse[i, c + 1], after, t)
    fine = np.empty((fine_rows, fine_cols))
    for i in range(fine_rows):
        r = min(i // factor, rows - 2)
        t = (i - r * factor) / factor
        above = max(r - 1, 0)
        below = min(r + 2, rows - 1)
        for j in range(fine_cols):
            fine[i, j] = cubic(wide[above, j], wide[r, j], wide[r + 1, j], wide[below, j], t)
    return fine


# ----------------------------------------------------------------------------- the surface


def gradient(z, cell_height, cell_width):
    """Horn's gradient: metres of rise per metre towards the east and towards the north."""
    rows, cols = z.shape
    east = np.zeros_like(z)
    north = np.zeros_like(z)
    for i in range(rows):
        u = max(i - 1, 0)
        d = min(i + 1, rows - 1)
        for j in range(cols):
            w = max(j - 1, 0)
            e = min(j + 1, cols - 1)
            right = z[u, e] + 2.0 * z[i, e] + z[d, e]
            left = z[u, w] + 2.0 * z[i, w] + z[d, w]
            upper = z[u, w] + 2.0 * z[u, j] + z[u, e]
            lower = z[d, w] + 2.0 * z[d, j] + z[d, e]
            east[i, j] = (right - left) / (4.0 * (e - w) * cell_width)
            north[i, j] = (upper - lower) / (4.0 * (d - u) * cell_height)
    return east, north


def slope_and_aspect(east, north):
    """Tangent of the slope, and the sector of the compass it faces (0 is flat, 1 is north)."""
    rows, cols = east.shape
    tangent = np.empty_like(east)
    aspect = np.zeros(east.shape, dtype=np.int8)
    for i in range(rows):
        for j in range(cols):
            x = -east[i, j]  # downhill
            y = -north[i, j]
            tangent[i, j] = math.sqrt(x * x + y * y)
            if tangent[i, j] < 0.02:
                continue
            if abs(x) < TAN_22_5 * abs(y):
                aspect[i, j] = 1 if y > 0.0 else 5
            elif abs(y) < TAN_22_5 * abs(x):
                aspect[i, j] = 3 if x > 0.0 else 7
            elif x > 0.0:
                aspect[i, j] = 2 if y > 0.0 else 4
            else:
                aspect[i, j] = 8 if y > 0.0 else 6
    return tangent, aspect


def hillshade(east, north, sun_east, sun_north, sun_up):
    """Brightness (0 to 1) of each slope under light from one direction, shadows left out."""
    rows, cols = east.shape
    shade = np.empty(east.shape, dtype=np.float32)
    for i in range(rows):
        for j in range(cols):
            length = math.sqrt(1.0 + east[i, j] * east[i, j] + north[i, j] * north[i, j])
            towards = sun_up - sun_east * east[i, j] - sun_north * north[i, j]
            shade[i, j] = max(towards / length, 0.0)
    return shade


# ------------------------------------------------------------------------------ the light


def sun_position(hour):
    """Unit vector (east, north, up) towards the sun at a solar time."""
    angle = math.radians(15.0 * (hour - 12.0))
    latitude = math.radians(LATITUDE)
    declination = math.radians(DECLINATION)
    east = -math.cos(declination) * math.sin(angle)
    north = math.cos(latitude) * math.sin(declination) - math.sin(latitude) * math.cos(
        declination
    ) * math.cos(angle)
    up = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(
        declination
    ) * math.cos(angle)
    return east, north, up


def lamp(azimuth, altitude):
    """Unit vector (east, north, up) towards a lamp, from angles in degrees."""
    a, h = math.radians(azimuth), math.radians(altitude)
    return math.cos(h) * math.sin(a), math.cos(h) * math.cos(a), math.sin(h)


def march(east, north, up, cell_height, cell_width):
    """One step towards the sun: rows, columns and metres of rise (the longer of the two is 1)."""
    row_step = -north / cell_height
    col_step = east / cell_width
    longer = max(abs(row_step), abs(col_step))
    return row_step / longer, col_step / longer, up / longer


def direct_light(z, highest, row_step, col_step, rise):
    """True where the ray towards the sun leaves the sheet without meeting the ground."""
    rows, cols = z.shape
    lit = np.ones(z.shape, dtype=np.bool_)
    for i in range(rows):
        for j in range(cols):
            row = i + row_step
            col = j + col_step
            height = z[i, j] + rise
            while height < highest and 0.0 <= row < rows - 1 and 0.0 <= col < cols - 1:
                r = int(row)
                c = int(col)
                v = col - c
                upper = z[r, c] + v * (z[r, c + 1] - z[r, c])
                lower = z[r + 1, c] + v * (z[r + 1, c + 1] - z[r + 1, c])
                if upper + (row - r) * (lower - upper) > height:
                    lit[i, j] = False
                    break
                row += row_step
                col += col_step
                height += rise
    return lit


# ------------------------------------------------------------------------------ the water


def smooth(z, steps, cell_height, cell_width):
    """Hillslope diffusion: `steps` explicit time steps of the heat equation, borders fixed."""
    rows, cols = z.shape
    ratio = (cell_width / cell_height) * (cell_width / cell_height)
    weight = 0.45 / (1.0 + ratio)  # the explicit scheme is stable below 0.5
    old = z.copy()
    new = z.copy()
    for _ in range(steps):
        for i in range(1, rows - 1):
            for j in range(1, cols - 1):
                bend_x = old[i, j - 1] - 2.0 * old[i, j] + old[i, j + 1]
                bend_y = old[i - 1, j] - 2.0 * old[i, j] + old[i + 1, j]
                new[i, j] = old[i, j] + weight * (bend_x + ratio * bend_y)
        old, new = new, old
    return old


def outlet(level, i, j):
    """Level of the lowest of the four neighbours."""
    return min(min(level[i - 1, j], level[i + 1, j]), min(level[i, j - 1], level[i, j + 1]))


def fill(z, fall):
    """Drain every pit: raise its floor until it falls by `fall` per cell towards the border.

    After Planchon and Darboux (2001): start under water and let it run off, sweep after sweep.
    """
    rows, cols = z.shape
    level = np.full(z.shape, z.max())
    level[0, :], level[-1, :] = z[0, :], z[-1, :]
    level[:, 0], level[:, -1] = z[:, 0], z[:, -1]
    changed = True
    while changed:
        changed = False
        for i in range(1, rows - 1):
            for j in range(1, cols - 1):
                lowered = max(z[i, j], outlet(level, i, j) + fall)
                if lowered < level[i, j]:
                    level[i, j] = lowered
                    changed = True
        for i in range(rows - 2, 0, -1):
            for j in range(cols - 2, 0, -1):
                lowered = max(z[i, j], outlet(level, i, j) + fall)
                if lowered < level[i, j]:
                    level[i, j] = lowered
                    changed = True
    return level


def flow_directions(z, cell_height, cell_width):
    """Index of the neighbour down the steepest descent (D8); a pit or a border keeps its own."""
    rows, cols = z.shape
    distance = np.ones((3, 3))
    for di in range(-1, 2):
        for dj in range(-1, 2):
            if di != 0 or dj != 0:
                x = dj * cell_width
                y = di * cell_height
                distance[di + 1, dj + 1] = math.sqrt(x * x + y * y)
    receiver = np.empty(z.shape, dtype=np.int64)
    for i in range(rows):
        for j in range(cols):
            receiver[i, j] = i * cols + j
            if i == 0 or j == 0 or i == rows - 1 or j == cols - 1:
                continue
            steepest = 0.0
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    descent = (z[i, j] - z[i + di, j + dj]) / distance[di + 1, dj + 1]
                    if descent > steepest:
                        steepest = descent
                        receiver[i, j] = (i + di) * cols + j + dj
    return receiver


def drained_cells(order, receiver):
    """Number of cells that drain through each cell; `order` goes from the highest to the lowest."""
    area = np.ones(len(order), dtype=np.int64)
    for k in range(len(order)):
        cell = order[k]
        if receiver[cell] != cell:
            area[receiver[cell]] += area[cell]
    return area


def count_elevations(z, lowest, width, bins):
    """Histogram of the elevations."""
    counts = np.zeros(bins, dtype=np.int64)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            counts[min(int((z[i, j] - lowest) / width), bins - 1)] += 1
    return counts


# ---------------------------------------------------------------------------- the picture


def shaded_relief(z, brightness):
    """Hypsometric tints multiplied by the brightness, as an RGB image."""
    tints = LinearSegmentedColormap.from_list(
        "tints", ["#52805b", "#8fae75", "#d8d3a0", "#c39a6b", "#94705a", "#f3efe9"]
    )
    level = (z - z.min()) / (z.max() - z.min())
    light = np.clip(0.30 + 0.95 * brightness, 0.0, 1.15)
    return np.clip(tints(level)[..., :3] * light[..., None], 0.0, 1.0)


def widened(image):
    """The largest of each 3 x 3 window, so that thin lines survive a small panel."""
    framed = np.pad(image, 1, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(framed, (3, 3)).max(axis=(2, 3))


def draw_map(axes, title, image, extent, label=None, ticks=None, **style):
    """One map panel; `label` adds a colour bar under it."""
    shown = axes.imshow(image, extent=extent, interpolation="nearest", aspect="equal", **style)
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color="#333333")
    axes.tick_params(labelsize=7, length=2, color="#999999", labelcolor="#777777")
    for side in axes.spines.values():
        side.set_color("#bbbbbb")
    if label:
        axes.set(xticks=[], yticks=[])
        under = axes.inset_axes((0.0, -0.065, 1.0, 0.03))
        bar = axes.figure.colorbar(shown, cax=under, orientation="horizontal")
        bar.set_label(label, fontsize=8, color="#555555")
        bar.ax.tick_params(labelsize=7, length=2, color="#999999", labelcolor="#777777")
        bar.outline.set_visible(False)
        if ticks:
            bar.set_ticks(ticks[0], labels=ticks[1])
            bar.ax.minorticks_off()
    return shown


def draw_histogram(axes, counts, lowest, width, cell_area):
    """Area per band of elevation, the bars in the tints of the map."""
    middles = lowest + width * (np.arange(len(counts)) + 0.5)
    bars = shaded_relief(middles[None, :], np.full((1, len(counts)), 0.74))[0]
    axes.bar(middles, counts * cell_area / 1e6, width=width, color=bars)
    axes.set_title(
        "Area by elevation", loc="left", fontsize=10.5, fontweight="bold", color="#333333"
    )
    axes.set_xlabel("elevation, m", fontsize=8, color="#555555")
    axes.set_ylabel(f"km² per {width:.0f} m", fontsize=8, color="#555555")
    axes.tick_params(labelsize=7, length=2, color="#999999", labelcolor="#777777")
    axes.margins(x=0.01)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def draw_maps(figure, grid, results, extent, km2):
    """The maps of the picture: a large one and six small ones."""
    relief = shaded_relief(results["elevation"], results["shade"])
    stream = np.clip(np.log2(np.maximum(km2, 0.5) / 0.5) / 3.0, 0.0, 1.0)[..., None]
    relief = relief * (1.0 - stream) + np.array([0.16, 0.38, 0.66]) * stream
    draw_map(figure.add_subplot(grid[0:2, 0:2]), "Relief and streams, km", relief, extent)

    slope = np.degrees(np.arctan(results["slope"]))
    draw_map(
        figure.add_subplot(grid[0, 2]), "Slope", slope, extent, "degrees",
        cmap="magma", vmin=0.0, vmax=float(np.percentile(slope, 99.5)),
    )  # fmt: skip
    edges = BoundaryNorm(np.arange(-0.5, len(SECTORS)), len(SECTORS))
    draw_map(
        figure.add_subplot(grid[0, 3]), "Aspect", results["aspect"], extent, "the slope faces",
        (range(len(SECTORS)), SECTORS), cmap=ListedColormap(COMPASS_COLOURS), norm=edges,
    )  # fmt: skip
    draw_map(
        figure.add_subplot(grid[1, 2]), "Sunlight, 21 December at 8 o'clock", results["morning"],
        extent, "part of the full sun", cmap="cividis", vmin=0.0, vmax=0.5,
    )  # fmt: skip
    draw_map(
        figure.add_subplot(grid[1, 3]), "Direct sun, 21 December", results["sunshine"], extent,
        "hours", cmap="inferno", vmin=0.0, vmax=len(HOURS),
    )  # fmt: skip
    draw_map(
        figure.add_subplot(grid[2, 0]), "Drainage", widened(km2), extent, "km² upstream",
        cmap="YlGnBu", norm=LogNorm(0.02, max(float(km2.max()), 0.1)),
    )  # fmt: skip
    local = results["elevation"] - results["smooth"]
    swing = float(np.percentile(np.abs(local), 99.0))
    draw_map(
        figure.add_subplot(grid[2, 1]), "Local relief", local, extent,
        "metres above the smoothed surface", cmap="PuOr_r", vmin=-swing, vmax=swing,
    )  # fmt: skip


def draw(path, results, cell_height, cell_width):
    """Write the whole picture."""
    rows, cols = results["elevation"].shape
    extent = (0.0, cols * cell_width / 1000.0, 0.0, rows * cell_height / 1000.0)
    cell_area = cell_height * cell_width
    figure = plt.figure(figsize=(16.0, 14.2), facecolor="white")
    grid = figure.add_gridspec(
        3, 4, left=0.03, right=0.985, bottom=0.06, top=0.93, wspace=0.1, hspace=0.25
    )
    draw_maps(figure, grid, results, extent, results["area"] * cell_area / 1e6)
    panel = figure.add_subplot(grid[2, 2:4])
    draw_histogram(panel, results["counts"], results["lowest"], results["band"], cell_area)
    figure.text(0.035, 0.962, "The Jacksboro fault, Tennessee", fontsize=19, color="#222222")
    figure.savefig(path, dpi=100)
    plt.close(figure)


# -------------------------------------------------------------------------------- the job


def read_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crop", type=int, default=0, help="use a window of CROP x CROP cells")
    parser.add_argument("--refine", type=int, default=2, help="cells per cell of the sheet")
    parser.add_argument("--steps", type=int, default=60, help="time steps of the smoothing")
    parser.add_argument("--out", default="terrain.png", help="where the picture goes")
    parser.add_argument("--save", help="also save all result arrays, as an .npz file")
    parser.add_argument("--times", action="store_true", help="print the seconds of each stage")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = read_arguments()
    laps = [("start", time.perf_counter())]

    coarse, cell_height, cell_width = read_elevation(arguments.crop)
    z = refine(coarse, arguments.refine)
    cell_height /= arguments.refine
    cell_width /= arguments.refine
    laps.append(("refine", time.perf_counter()))

    east, north = gradient(z, cell_height, cell_width)
    slope, aspect = slope_and_aspect(east, north)
    laps.append(("slope and aspect", time.perf_counter()))

    shade = 0.6 * hillshade(east, north, *lamp(315, 42))
    shade += 0.25 * hillshade(east, north, *lamp(270, 35))
    shade += 0.15 * hillshade(east, north, *lamp(0, 35))
    laps.append(("hillshade", time.perf_counter()))

    sunshine = np.zeros(z.shape)
    for hour in HOURS:
        sun_east, sun_north, sun_up = sun_position(hour)
        steps = march(sun_east, sun_north, sun_up, cell_height, cell_width)
        lit = direct_light(z, z.max(), *steps)
        # A slope that faces away from the sun is in its own shadow.
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                if sun_up - sun_east * east[i, j] - sun_north * north[i, j] <= 0.0:
                    lit[i, j] = False
                elif lit[i, j]:
                    sunshine[i, j] += 1.0
        if hour == HOURS[0]:
            morning = hillshade(east, north, sun_east, sun_north, sun_up) * lit
    laps.append(("shadows", time.perf_counter()))

    smoothed = smooth(z, arguments.steps, cell_height, cell_width)
    laps.append(("smoothing", time.perf_counter()))

    filled = fill(z, 0.001)
    receiver = flow_directions(filled, cell_height, cell_width)
    order = np.argsort(-filled, axis=None, kind="stable")
    area = drained_cells(order, receiver.ravel()).reshape(z.shape)
    laps.append(("drainage", time.perf_counter()))

    band = 20.0
    lowest = band * math.floor(z.min() / band)
    counts = count_elevations(z, lowest, band, int((z.max() - lowest) / band) + 1)
    laps.append(("histogram", time.perf_counter()))

    results = {
        "elevation": z, "slope": slope, "aspect": aspect, "shade": shade, "morning": morning,
        "sunshine": sunshine, "smooth": smoothed, "filled": filled, "receiver": receiver,
        "area": area, "counts": counts, "lowest": lowest, "band": band,
    }  # fmt: skip
    if arguments.save:
        np.savez(arguments.save, **results)
    draw(arguments.out, results, cell_height, cell_width)
    laps.append(("picture", time.perf_counter()))

    print(f"{z.shape[0]} x {z.shape[1]} cells; the picture is {arguments.out}")
    if arguments.times:
        for (_, before), (name, after) in zip(laps, laps[1:]):
            print(f"{name:>18} {after - before:9.3f} s")
