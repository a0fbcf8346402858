"""torch.distributions: StudentT.log_prob is -inf beyond the square root of the largest float.

distributions/studentT.py, line 112, squares y; in the default float32 the density is lost from
|y| = 1.9e19 on (its score becomes 0), in float64 from 1.4e154, though log p(y) is about
-(dof + 1) log|y|.
"""

import numpy as np
import torch

dof, y = 3.0, 1e20
library = torch.distributions.StudentT(torch.tensor(dof)).log_prob(torch.tensor(y))
constant = 2.0 / (np.pi * np.sqrt(3.0))  # p(y) = constant / (1 + y²/3)² for dof = 3
factored = torch.distributions.StudentT(torch.tensor(dof).double()).log_prob(
    torch.tensor(y).double()
)
print(f"library      {library.item():.4f}   (float32)")
print(f"closed form  {np.log(constant) - 2 * (2 * np.log(y) - np.log(3.0)):.4f}")
print(f"in float64   {factored.item():.4f}")
