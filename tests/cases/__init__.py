"""The black-box cases of the contract, one file for each area, named by their ids."""
