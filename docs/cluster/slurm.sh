#!/bin/bash
# sbatch --array=1-8 slurm.sh /shared/tapes /shared/text
#SBATCH --job-name=subalign
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=subalign-%A-%a.log
# for GPUs: #SBATCH --gpus-per-task=1
set -euo pipefail

# A task that is preempted, or whose node is lost, comes again and goes on where it was.
exec srun subalign transcribe "$1" --output-dir "$2" --format srt,json --model base \
    --resume --jobs auto --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
