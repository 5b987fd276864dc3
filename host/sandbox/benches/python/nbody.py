"""The planets' orbits, integrated step by step: arithmetic on floats and attribute-free lists."""

import sys
from math import sqrt

SUN = 4 * 3.141592653589793**2
DAYS = 365.24

BODIES = [
    # x, y, z, vx, vy, vz, mass
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, SUN],
    [4.84143144246472082, -1.16032004402742839, -0.103622044471123109,
     0.00166007664274403694 * DAYS, 0.00769901118419740425 * DAYS, -0.0000690460016972063023 * DAYS, 0.000954791938424326609 * SUN],
    [8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
     -0.00276742510726411021 * DAYS, 0.00499852801234917238 * DAYS, 0.0000230417297573763929 * DAYS, 0.000285885980666130812 * SUN],
    [12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
     0.00296460137564761618 * DAYS, 0.00237847173959480950 * DAYS, -0.0000296589568540237556 * DAYS, 0.0000436624404335156298 * SUN],
    [15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
     0.00268067772490389322 * DAYS, 0.00162824170038242295 * DAYS, -0.0000951592254519715870 * DAYS, 0.0000515138902046611451 * SUN],
]  # fmt: skip


def energy(bodies):
    total = 0.0
    for index, (x, y, z, vx, vy, vz, mass) in enumerate(bodies):
        total += mass * (vx * vx + vy * vy + vz * vz) / 2
        for other in bodies[index + 1 :]:
            total -= mass * other[6] / sqrt((x - other[0]) ** 2 + (y - other[1]) ** 2 + (z - other[2]) ** 2)
    return total


def advance(pairs, bodies, step):
    for one, other in pairs:
        dx, dy, dz = one[0] - other[0], one[1] - other[1], one[2] - other[2]
        square = dx * dx + dy * dy + dz * dz
        pull = step / (square * sqrt(square))
        for body, sign, mass in ((one, -1, other[6]), (other, 1, one[6])):
            body[3] += sign * dx * mass * pull
            body[4] += sign * dy * mass * pull
            body[5] += sign * dz * mass * pull
    for body in bodies:
        body[0] += step * body[3]
        body[1] += step * body[4]
        body[2] += step * body[5]


pairs = [(one, other) for index, one in enumerate(BODIES) for other in BODIES[index + 1 :]]
for _ in range(int(sys.argv[1])):
    advance(pairs, BODIES, 0.01)
print(f"{energy(BODIES):.9f}")
