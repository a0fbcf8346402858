"""Ordinary differential equations: Runge-Kutta methods as data, one step, and solvers."""

from refscore.ode.adjoint import adjoint
from refscore.ode.backpropagation import backpropagate, checkpointed
from refscore.ode.bridge import Event, Events, ScipySolution, solve_scipy
from refscore.ode.gradients import Gradients, RunningCost
from refscore.ode.picard import SquareRoot, picard, square_root_solution
from refscore.ode.residual import residual_network
from refscore.ode.sensitivities import Sensitivities, sensitivities
from refscore.ode.solutions import STATUS, Solution
from refscore.ode.solvers import next_step_size, solve, solve_path
from refscore.ode.steps import (
    Stages,
    runge_kutta_error,
    runge_kutta_interpolate,
    runge_kutta_stages,
    runge_kutta_step,
)
from refscore.ode.tableaux import TABLEAUX, Tableau, tableau

__all__ = [
    "TABLEAUX",
    "Tableau",
    "tableau",
    "runge_kutta_step",
    "runge_kutta_stages",
    "runge_kutta_error",
    "runge_kutta_interpolate",
    "Stages",
    "solve",
    "solve_path",
    "next_step_size",
    "Solution",
    "STATUS",
    "solve_scipy",
    "ScipySolution",
    "Event",
    "Events",
    "residual_network",
    "picard",
    "SquareRoot",
    "square_root_solution",
    "backpropagate",
    "checkpointed",
    "adjoint",
    "sensitivities",
    "Gradients",
    "RunningCost",
    "Sensitivities",
]
